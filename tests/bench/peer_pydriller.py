"""The newest COUNT commits without merges by PyDriller: `peer_pydriller.py REPO COUNT numbers|patches`.

Prints how many lines came and went; with patches, each file's diff is made as well.
"""

import subprocess
import sys

from pydriller import Git

repo, count, what = sys.argv[1:]
names = subprocess.run(
    ["git", "-C", repo, "rev-list", "--no-merges", "-n", count, "HEAD"], check=True, capture_output=True, text=True
).stdout.split()
git = Git(repo)
insertions = deletions = size = 0
for name in names:
    for file in git.get_commit(name).modified_files:
        insertions += file.added_lines
        deletions += file.deleted_lines
        size += len(file.diff) if what == "patches" else 0
print(len(names), insertions, deletions, size)
