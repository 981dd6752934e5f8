/* A dry run. What reads is performed, the run's folder is one that is thrown away; nothing goes outward
 * and nobody waits. What the run would need is noted on the way. */
#include <string.h>

#include "../prim/git_mirror.h"
#include "../prim/http_aim.h"
#include "../prim/loop.h"
#include "effect.h"

static tl_val *note(tl_effect *f)
{
  tl_val *map = tl_push(&f->gate->noted, tl_map());
  (void)tl_put(map, "n", tl_int((int64_t)f->n));
  return map;
}

void tl_dry_note_reused(tl_effect *f)
{
  (void)tl_put(note(f), "reused", tl_bool(true));
}

/* --- what would go outward ------------------------------------------------------------------------ */

/* Secrets in a request: may it have them, and are they here? */
static void note_secrets(tl_effect *f, const tl_val *v, const tl_http_aim *aim)
{
  tl_err why;
  const char *value;
  if (v->type == TL_LIST)
    for (size_t i = 0; i < v->u.list.len; i++) note_secrets(f, &v->u.list.items[i], aim);
  if (v->type == TL_MAP)
    for (size_t i = 0; i < v->u.map.len; i++) note_secrets(f, &v->u.map.pairs[i].val, aim);
  if (v->type != TL_SECRET) return;
  const char *name = v->u.s.data;
  tl_val *map = note(f);
  int rc =
      tl_secret_value(&f->gate->secrets, name, aim->scheme, aim->host, aim->port, &value, &why);
  (void)tl_put(map, "family", tl_str("secret"));
  (void)tl_put(map, "subject", tl_str(name));
  (void)tl_put(map, "missing", tl_bool(rc < 0));
  if (rc < 0) (void)tl_put(map, "why", tl_str(why.msg));
}

/* The request that git.fetch begins with; of a file: URL there is none. */
static int fetch_request(const tl_val *url, tl_val *request, tl_err *e)
{
  tl_git_source source;
  int rc = tl_git_source_read(&source, url->u.s.data, url->u.s.len, e);
  if (rc == TL_OK && !source.is_file) {
    *request = tl_map();
    (void)tl_put(request, "url", tl_str(source.url));
  }
  tl_git_source_free(&source);
  return rc;
}

static int check_net(tl_effect *f, tl_err *e)
{
  const tl_val *first = tl_at(&f->args, 0);
  const tl_guard *guard = f->call.guard;
  tl_val request = tl_nil();
  tl_http_aim aim = {0};
  int rc = TL_OK;
  if (f->op->flags & TL_OP_MIRROR) rc = fetch_request(first, &request, e);
  else request = tl_copy(first);
  if (rc == TL_OK && request.type != TL_NIL) {
    rc = tl_http_aim_read(&aim, &request, e);
    if (rc == TL_OK) rc = guard->net_name(guard->ud, aim.host, aim.port, e);
    if (aim.host) note_secrets(f, &f->args, &aim);
  }
  tl_http_aim_free(&aim);
  tl_free(&request);
  return rc;
}

bool tl_dry_stands_in(tl_effect *f, int *rc)
{
  tl_err *e = &f->call.err;
  if (f->op->prim == prim_clock_sleep) {
    int64_t ms = tl_at(&f->args, 0)->u.i;
    *rc = tl_clock_check_sleep(ms, e);
    if (*rc == TL_OK) f->gate->slept += ms;
    f->call.out = tl_bool(true);
    return true;
  }
  if (!(f->op->flags & TL_OP_OUTWARD)) return false;
  *rc = f->op->permit == TL_PERMIT_NET ? check_net(f, e) : TL_OK;
  if (*rc == TL_OK) *rc = tl_fail(e, TL_EDRY_RUN, "%s is not done in a dry run", f->op->name);
  return true;
}

/* --- what comes of an effect ---------------------------------------------------------------------- */

int tl_dry_verdict(tl_effect *f, int rc)
{
  tl_val *noted = &f->gate->permits.noted;
  bool missing = false;
  for (size_t i = 0; i < tl_len(noted); i++) {
    tl_val *map = &noted->u.list.items[i];
    missing |= tl_get_bool(map, "missing", false);
    (void)tl_put(map, "n", tl_int((int64_t)f->n));
    (void)tl_push(&f->gate->noted, *map);
    *map = tl_nil();
  }
  tl_free(noted);
  *noted = tl_list();
  if (missing && rc == TL_ENOT_PERMITTED) rc = f->call.err.code = TL_EDRY_RUN;
  return rc;
}

void tl_dry_shift_clock(tl_effect *f)
{
  if (f->op->prim == prim_clock_now || f->op->prim == prim_clock_monotonic)
    f->call.out.u.i += f->gate->slept;
}
