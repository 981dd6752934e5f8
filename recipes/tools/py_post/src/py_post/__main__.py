"""`python -m py_post`."""

import sys

from py_post.cli import main

sys.exit(main())
