--- What the command line grants a run and forbids it, as host.run takes it: the same words for a
--- run that begins and for one that is resumed.

---@param options table of the command line
---@return table {allow, limits, offline, quiet}
return function(options)
  return {
    allow = {
      net = options.allow_net,
      read = options.allow_read,
      run = options.allow_run,
      env = options.allow_env,
    },
    limits = {
      seconds = options.limit_seconds,
      memory = options.limit_memory,
      cpu_seconds = options.limit_cpu,
    },
    offline = options.offline or false,
    quiet = options.quiet or false,
  }
end
