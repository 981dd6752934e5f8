/* Build-time tool: embed FILE… > embedded.c
 *
 * Each file becomes an array of its bytes or, where tlab itself runs it, of its compiled form, since
 * compiling the command line's Lua anew takes longer than all else that a short command does. Both only
 * where both are used. Names below lua/ lose that prefix. */
#define OPENSSL_API_COMPAT 10101 /* as core/prim/hash.c */
#include <lauxlib.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(const char *path)
{
  return strncmp(path, "lua/", 4) == 0 ? path + 4 : path;
}

static void put_bytes(const char *array, int index, const char *data, size_t len)
{
  printf("static const unsigned char %s%d[] = {", array, index);
  for (size_t i = 0; i < len; i++) printf("%s%d,", i % 24 ? "" : "\n", (unsigned char)data[i]);
  printf("0};\n");
}

static char *read_all(const char *path, size_t *len)
{
  FILE *in = fopen(path, "rb");
  char *data = NULL;
  long size = in && fseek(in, 0, SEEK_END) == 0 ? ftell(in) : -1;
  if (size >= 0 && fseek(in, 0, SEEK_SET) == 0) {
    *len = (size_t)size;
    data = malloc(*len + 1);
    if (data && fread(data, 1, *len, in) != *len) {
      free(data);
      data = NULL;
    }
  }
  if (in) (void)fclose(in);
  if (!data) perror(path);
  return data;
}

/* What the manifest says of the library: SHA-256 over name, size and text of each file. It is worked
 * out here since hashing half a megabyte at every run would be felt. */
static void add_to_digest(SHA256_CTX *digest, const char *name, const char *text, size_t len)
{
  char head[300];
  int n = snprintf(head, sizeof head, "%s\n%zu\n", name, len);
  (void)SHA256_Update(digest, head, (size_t)n);
  (void)SHA256_Update(digest, text, len);
}

static void put_digest(SHA256_CTX *digest)
{
  unsigned char md[SHA256_DIGEST_LENGTH];
  (void)SHA256_Final(md, digest);
  printf("const char tl_embedded_digest[] = \"");
  for (size_t i = 0; i < sizeof md; i++) printf("%02x", md[i]);
  printf("\";\n");
}

/* lua_Writer to the memory stream at ud. */
static int add_code(lua_State *L, const void *data, size_t len, void *ud)
{
  (void)L;
  return fwrite(data, 1, len, ud) != len;
}

/* The compiled form, with its line numbers: messages and tracebacks name them. */
static int put_code(lua_State *L, int index, const char *name, const char *text, size_t len)
{
  char chunk[256], *code = NULL;
  size_t size = 0;
  (void)snprintf(chunk, sizeof chunk, "@lua/%s", name);
  if (luaL_loadbufferx(L, text, len, chunk, "t") != LUA_OK) {
    (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
    return -1;
  }
  FILE *out = open_memstream(&code, &size);
  int bad = !out || lua_dump(L, add_code, out, 0) != 0;
  if (out) bad |= fclose(out) != 0;
  if (!bad) put_bytes("c", index, code, size);
  free(code);
  return bad ? -1 : 0;
}

static bool begins(const char *path, const char *with)
{
  return strncmp(path, with, strlen(with)) == 0;
}

/* Lua that tlab itself runs: the command line's, the worker's, and the one module that both sides use.
 * What recipes require they get as text, recipes and the files of a new lab are text for others. */
static bool is_run(const char *path)
{
  size_t len = strlen(path);
  return (begins(path, "lua/host/") || begins(path, "lua/tlab/worker/") ||
          strcmp(path, "lua/tlab/csv.lua") == 0) &&
         !strstr(path, "/files/") && len > 4 && strcmp(path + len - 4, ".lua") == 0;
}

/* Of what tlab runs only that is needed as text which a recipe may require (lua/host/run/recipe.lua,
 * SHARED): a record keeps the text of modules. And what a run gives, whose annotations are for editors. */
static bool is_text_needed(const char *path)
{
  static const char *const shared[] = {"lua/host/spec/schema", "lua/host/spec/regex",
                                       "lua/host/spec/uri.",   "lua/host/spec/value.",
                                       "lua/host/store/tree.", "lua/host/view/suggest.",
                                       "lua/host/view/width.", "lua/tlab/csv.",
                                       "lua/tlab/worker/run.", "lua/tlab/worker/called."};
  for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
    if (begins(path, shared[i])) return true;
  return !is_run(path);
}

static int put_file(lua_State *L, SHA256_CTX *digest, const char *path, int index)
{
  size_t len = 0;
  char *text = read_all(path, &len);
  int rc = text ? 0 : -1;
  if (text) {
    if (is_text_needed(path)) put_bytes("f", index, text, len);
    add_to_digest(digest, name_of(path), text, len);
  }
  if (text && is_run(path)) rc = put_code(L, index, name_of(path), text, len);
  free(text);
  return rc;
}

int main(int argc, char **argv)
{
  SHA256_CTX digest;
  lua_State *L = luaL_newstate();
  if (!L || SHA256_Init(&digest) != 1) return 1;
  printf("#include \"core/lua/embed.h\"\n");
  for (int i = 1; i < argc; i++)
    if (put_file(L, &digest, argv[i], i) != 0) return 1;
  printf("const tl_embedded_file tl_embedded_files[] = {\n");
  for (int i = 1; i < argc; i++) {
    printf("{\"%s\", ", name_of(argv[i]));
    if (is_text_needed(argv[i])) printf("f%d, sizeof f%d - 1, ", i, i);
    else printf("0, 0, ");
    if (is_run(argv[i])) printf("c%d, sizeof c%d - 1},\n", i, i);
    else printf("0, 0},\n");
  }
  printf("{0, 0, 0, 0, 0}};\n");
  put_digest(&digest);
  lua_close(L);
  return fflush(stdout) != 0;
}
