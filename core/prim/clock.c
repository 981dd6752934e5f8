/* clock.now, clock.monotonic, clock.sleep. */
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "../base/buf.h"
#include "loop.h"

enum { MS_PER_DAY = 86400000, MOST_DAYS = 366 };

/* Sleepers by time; those of the same time in the order in which they lay down. */
typedef struct sleeper sleeper;
struct sleeper {
  int64_t due; /* monotonic ms */
  tl_call *call;
  sleeper *next;
};

static sleeper *sleepers;

static int64_t read_clock(clockid_t which)
{
  struct timespec ts;

  if (clock_gettime(which, &ts) != 0) TL_BUG("no clock");
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t tl_clock_ms(void)
{
  return read_clock(CLOCK_MONOTONIC);
}

int prim_clock_now(tl_call *call)
{
  call->out = tl_int(read_clock(CLOCK_REALTIME));
  return TL_OK;
}

int prim_clock_monotonic(tl_call *call)
{
  call->out = tl_int(tl_clock_ms());
  return TL_OK;
}

int tl_clock_check_sleep(int64_t ms, tl_err *e)
{
  if (ms >= 0 && ms <= (int64_t)MOST_DAYS * MS_PER_DAY) return TL_OK;
  return tl_fail(e, TL_EARGUMENT, "ms must lie between 0 and %lld (%d days), and is %lld",
                 (long long)MOST_DAYS * MS_PER_DAY, (int)MOST_DAYS, (long long)ms);
}

int prim_clock_sleep(tl_call *call)
{
  int64_t ms = call->args[0].u.i;
  sleeper **at = &sleepers, *s;
  int rc = tl_clock_check_sleep(ms, &call->err);

  if (rc < 0) return rc;
  s = tl_alloc(sizeof *s);
  *s = (sleeper){.due = tl_clock_ms() + ms, .call = call};
  while (*at && (*at)->due <= s->due) at = &(*at)->next;
  s->next = *at;
  *at = s;
  call->state = s;
  return TL_PENDING;
}

int64_t tl_clock_deadline(void)
{
  return sleepers ? sleepers->due : -1;
}

static void wake(sleeper *s, int rc)
{
  tl_call *call = s->call;

  free(s);
  call->state = NULL;
  call->done(call, rc);
}

/* Each is taken off before done() is called, which may put new ones on. */
void tl_clock_fire(void)
{
  int64_t now = tl_clock_ms();

  while (sleepers && sleepers->due <= now) {
    sleeper *s = sleepers;
    sleepers = s->next;
    s->call->out = tl_bool(true);
    wake(s, TL_OK);
  }
}

void tl_clock_cancel(void)
{
  sleeper *all = sleepers;

  sleepers = NULL;
  while (all) {
    sleeper *s = all;
    all = s->next;
    wake(s, tl_fail(&s->call->err, TL_EINTERRUPTED, "the wait was ended by a signal"));
  }
}
