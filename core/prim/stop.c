#include "stop.h"

#include <signal.h>

static volatile sig_atomic_t wished;

static void remember(int sig)
{
  (void)sig;
  wished = 1;
}

void tl_stop_listen(void)
{
  struct sigaction act = {.sa_handler = remember, .sa_flags = SA_RESTART};
  (void)sigaction(SIGUSR1, &act, NULL);
}

bool tl_stop_wished(void)
{
  return wished;
}

void tl_stop_forget(void)
{
  wished = 0;
}

void tl_stop_wish(pid_t worker)
{
  (void)kill(worker, SIGUSR1);
}
