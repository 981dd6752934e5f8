#include "carry.h"

#include <stdlib.h>

struct tl_carry {
  int64_t handle;
  tl_buf held;
  bool ended;
  tl_carry *next;
};

static tl_carry *find(const tl_carries *all, int64_t handle)
{
  tl_carry *c = all->first;
  while (c && c->handle != handle) c = c->next;
  return c;
}

static tl_carry *find_or_make(tl_carries *all, int64_t handle)
{
  tl_carry *c = find(all, handle);
  if (c) return c;
  c = tl_zalloc(sizeof *c);
  *c = (tl_carry){.handle = handle, .held = TL_BUF(1u << 30), .next = all->first};
  all->first = c;
  return c;
}

void tl_carry_scrub(tl_carries *all, const tl_secrets *secrets, int64_t handle, tl_val *piece)
{
  if (secrets->len == 0) return;
  tl_carry *c = find_or_make(all, handle);
  if (piece->type == TL_STR) (void)tl_buf_add(&c->held, piece->u.s.data, piece->u.s.len);
  else c->ended = true;
  tl_secrets_scrub_buf(secrets, &c->held);
  size_t keep = c->ended ? 0 : tl_secrets_partial(secrets, &c->held);
  if (c->ended && c->held.len == 0) return; /* nil: the end */
  tl_free(piece);
  *piece = tl_strn(c->held.data ? c->held.data : "", c->held.len - keep);
  tl_buf_shift(&c->held, c->held.len - keep);
}

bool tl_carry_ended(const tl_carries *all, int64_t handle)
{
  const tl_carry *c = find(all, handle);
  return c && c->ended;
}

void tl_carry_free(tl_carries *all)
{
  for (tl_carry *c = all->first, *next; c; c = next) {
    next = c->next;
    tl_buf_free(&c->held);
    free(c);
  }
  all->first = NULL;
}
