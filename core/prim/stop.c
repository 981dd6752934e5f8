#include "stop.h"

#include <signal.h>

static volatile sig_atomic_t wished; /* the last number, its lower half */

static void remember(int sig, siginfo_t *info, void *context)
{
  (void)sig;
  (void)context;
  wished = info->si_value.sival_int;
}

void tl_stop_listen(void)
{
  struct sigaction act = {.sa_sigaction = remember, .sa_flags = SA_RESTART | SA_SIGINFO};
  (void)sigaction(SIGUSR1, &act, NULL);
}

bool tl_stop_wished(int64_t number)
{
  return number > 0 && wished == (int)number;
}

void tl_stop_wish(pid_t worker, int64_t number)
{
  (void)sigqueue(worker, SIGUSR1, (union sigval){.sival_int = (int)number});
}
