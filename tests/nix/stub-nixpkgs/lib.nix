# What flake.nix uses of nixpkgs' lib, and no more: another name is an error of evaluation here.
let
  inherit (builtins)
    any
    isPath
    listToAttrs
    readFile
    replaceStrings
    stringLength
    substring
    ;
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  below = folder: path: path == folder || hasPrefix (folder + "/") path;

  # A set of files: what is in it, and which folders lead there.
  files =
    given:
    if isPath given then
      {
        has = below (toString given);
        leads = path: below path (toString given);
      }
    else
      given;
in
{
  genAttrs = names: f: listToAttrs (map (name: { inherit name; value = f name; }) names);
  fileContents = file: replaceStrings [ "\n" ] [ "" ] (readFile file);
  getLib = package: package.lib or package;
  licenses.mit.spdxId = "MIT";

  fileset = {
    unions =
      list:
      let
        sets = map files list;
      in
      {
        has = path: any (set: set.has path) sets;
        leads = path: any (set: set.leads path) sets;
      };
    difference =
      from: without:
      let
        a = files from;
        b = files without;
      in
      {
        has = path: a.has path && !b.has path;
        inherit (a) leads;
      };
    toSource =
      { root, fileset }:
      {
        # nixpkgs' is a set, too, with the place in the store as its outPath.
        outPath = builtins.path {
          name = "source";
          path = root;
          filter = path: type: fileset.has path || (type == "directory" && fileset.leads path);
        };
      };
  };
}
