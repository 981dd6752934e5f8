/* Which files of a lab nobody but the person at the keyboard reads: secrets and key material. */
#ifndef TL_BASE_PRIVATE_H
#define TL_BASE_PRIVATE_H

#include <stdbool.h>

/* Is a part of this relative path `.git`, `.tlab`, `.env*` (but `.envrc`), `id_*` without a dot, or does it
 * end in .pem, .key, .p12 or .age; or is the first one `secrets` (any one, with `anywhere`)?
 * Without regard to case: some file systems have none. */
bool tl_private_path(const char *rel, bool anywhere);

#endif
