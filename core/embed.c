/* Build-time tool: embed FILE… > embedded.c   Files below lua/ lose that prefix. */
#include <stdio.h>
#include <string.h>

static const char *name_of(const char *path)
{
  return strncmp(path, "lua/", 4) == 0 ? path + 4 : path;
}

static int put_data(const char *path, int index)
{
  FILE *in = fopen(path, "rb");
  if (!in) {
    perror(path);
    return 1;
  }
  printf("static const unsigned char f%d[] = {", index);
  unsigned n = 0;
  for (int c; (c = getc(in)) != EOF; n++) printf("%s%d,", n % 24 ? "" : "\n", c);
  printf("0};\n");
  int bad = ferror(in);
  (void)fclose(in);
  return bad;
}

int main(int argc, char **argv)
{
  printf("#include \"core/lua/embed.h\"\n");
  for (int i = 1; i < argc; i++)
    if (put_data(argv[i], i)) return 1;
  printf("const tl_embedded_file tl_embedded_files[] = {\n");
  for (int i = 1; i < argc; i++) printf("{\"%s\", f%d, sizeof f%d - 1},\n", name_of(argv[i]), i, i);
  printf("{0, 0, 0}};\n");
  return fflush(stdout) != 0;
}
