import type { ListedCommand } from './command.ts';

/** The commands of the tool, in the order in which help lists them. */
export const COMMANDS: Readonly<Record<string, ListedCommand>> = {
  add: {
    summary: 'attaches a network namespace to a network, as cnitool does',
    load: async () => (await import('./attach.ts')).attachCommand('add'),
  },
  check: {
    summary: 'asks whether an attachment is as it was made',
    load: async () => (await import('./attach.ts')).attachCommand('check'),
  },
  del: {
    summary: 'takes an attachment away',
    load: async () => (await import('./attach.ts')).attachCommand('del'),
  },
  gc: {
    summary: 'takes away what is left of containers that are gone',
    load: async () => (await import('./gc/gc.ts')).gc,
  },
  status: {
    summary: 'asks whether a network’s plugins are ready',
    load: async () => (await import('./attach.ts')).attachCommand('status'),
  },
  networks: {
    summary: 'the networks that are configured, and which one runtimes take',
    load: async () => (await import('./networks.ts')).networks,
  },
  plan: {
    summary: 'what attaching would do, as lines to paste; nothing is touched',
    load: async () => (await import('./plan/plan.ts')).plan,
  },
  show: {
    summary: 'the attachments of this node as a picture',
    load: async () => (await import('./show/show.ts')).show,
  },
  leases: {
    summary: 'who has which address, and which of them are dead',
    load: async () => (await import('./leases/leases.ts')).leases,
  },
  ports: {
    summary: 'who has which port of the host, and which of them are dead',
    load: async () => (await import('./ports/ports.ts')).ports,
  },
  doctor: {
    summary: 'finds out what is wrong on this node, and mends what is safe to mend',
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  },
  lint: {
    summary: 'looks for mistakes in network configurations, and says on which line',
    load: async () => (await import('./lint/command.ts')).lintCommand,
  },
  'reload-rules': {
    summary: 'makes the filter rules of all living attachments again, after a flush or reload of the host’s',
    load: async () => (await import('./reload-rules.ts')).reloadRules,
  },
  install: {
    summary: 'puts this executable where runtimes look for plugins, or takes it back',
    load: async () => (await import('./install/install.ts')).install,
  },
  completion: {
    summary: 'completion of this tool’s commands and options for a shell',
    load: async () => (await import('./completion/completion.ts')).completionOf(COMMANDS),
  },
  schema: {
    summary: 'the JSON Schema of a plugin’s configuration, or of whole lists, for editors',
    load: async () => (await import('./schema/schema.ts')).schema,
  },
  version: {
    summary: 'the version of this suite',
    load: async () => (await import('./version.ts')).version,
  },
};
