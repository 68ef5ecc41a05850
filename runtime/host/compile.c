/* compile OUTPUT FOLDER NAME…: turns modules to bytecode and writes them as the program of an executable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "quickjs.h"

static char *read_file(const char *folder, const char *name, size_t *length) {
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(*length + 1);
  if (text && fread(text, 1, *length, file) == *length) text[*length] = 0;
  else text = NULL;
  fclose(file);
  return text;
}

static void write_padded(FILE *file, const void *bytes, size_t length) {
  static const char zeros[8];
  fwrite(bytes, 1, length, file);
  fwrite(zeros, 1, padded(length) - length, file);
}

static int fail(JSContext *ctx, const char *name) {
  JSValue thrown = JS_GetException(ctx);
  const char *text = JS_ToCString(ctx, thrown);
  fprintf(stderr, "%s: %s\n", name, text ? text : "cannot be read or compiled");
  return 1;
}

/* Modules are linked when they are loaded, so that any stands for one that is not there yet. */
static JSModuleDef *any_module(JSContext *ctx, const char *name, void *opaque) {
  (void)opaque;
  return JS_NewCModule(ctx, name, NULL);
}

static char *same_name(JSContext *ctx, const char *base, const char *name, void *opaque) {
  (void)base;
  (void)opaque;
  return js_strdup(ctx, strncmp(name, "./", 2) == 0 ? name + 2 : name);
}

int main(int argc, char **argv) {
  if (argc < 4) return fprintf(stderr, "usage: compile OUTPUT FOLDER NAME…\n"), 2;
  FILE *output = fopen(argv[1], "wb");
  if (!output) return perror(argv[1]), 1;
  for (int at = 3; at < argc; at++) {
    /* A runtime for each, so that the bytecode of one does not depend on those before it. */
    JSRuntime *rt = JS_NewRuntime();
    JSContext *ctx = JS_NewContext(rt);
    JS_SetModuleLoaderFunc(rt, same_name, any_module, NULL);
    const char *name = argv[at];
    size_t length;
    char *text = read_file(argv[2], name, &length);
    if (!text) return fail(ctx, name);
    /* Where an import() is, the engine wants to know of which module it is. */
    JS_SetStripInfo(rt, strstr(text, "import(") ? JS_STRIP_SOURCE : JS_STRIP_DEBUG);
    JSValue module = JS_Eval(ctx, text, length, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(module)) return fail(ctx, name);
    size_t code_length;
    uint8_t *code = JS_WriteObject(ctx, &code_length, module, JS_WRITE_OBJ_BYTECODE);
    if (!code) return fail(ctx, name);
    struct module_head head = {(uint32_t)strlen(name), (uint32_t)code_length};
    fwrite(&head, sizeof(head), 1, output);
    write_padded(output, name, head.name_length);
    write_padded(output, code, code_length);
    free(text);
  }
  struct module_head end = {0, 0};
  fwrite(&end, sizeof(end), 1, output);
  return fclose(output) == 0 ? 0 : 1;
}
