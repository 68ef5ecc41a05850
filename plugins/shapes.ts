import type { ObjectShape } from '../pkg/config/shape.ts';
import { shapeOf } from '../pkg/config/shape-of.ts';
import { PLUGIN_NAMES } from './names.ts';
import { pluginNamed } from './table.ts';

/** The shapes of all plugins whose schemas have one: what the executable is built with. */
export async function shapesOfPlugins(): Promise<Readonly<Record<string, ObjectShape>>> {
  const shapes: Record<string, ObjectShape> = {};
  for (const name of PLUGIN_NAMES) {
    const schema = await pluginNamed(name)?.config?.();
    const shape = schema && shapeOf(schema);
    if (shape !== undefined) shapes[name] = shape;
  }
  return shapes;
}
