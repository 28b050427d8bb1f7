"""``python -m gtzanfeat`` is the command ``gtzanfeat``."""

from gtzanfeat.cli import main

if __name__ == "__main__":
    main()
