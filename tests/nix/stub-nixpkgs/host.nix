# What this machine has. prepare.sh writes the real one: a pure evaluation cannot look for itself.
{
  bash = "/bin/bash";
  path = "/usr/bin:/bin"; # behind all packages: the compiler, make, the small tools
  cargoHome = ""; # crates that were fetched
  cargoTarget = ""; # and what was built of them; a copy of it is built upon
  tools = { }; # a program's name, and its absolute path
  libraries = { }; # a library as the linker calls it, and its file
  pcFiles = { }; # a module of pkg-config, and its file
  luaModules = { }; # a module of Lua, and its file
  pyModules = [ ]; # distributions that tools.python3 can import
}
