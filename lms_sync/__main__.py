"""`python -m lms_sync`: the command, also where its own program is not on the path."""

from lms_sync.cli import main

if __name__ == "__main__":
    main()
