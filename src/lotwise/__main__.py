"""``python -m lotwise``."""

from lotwise.cli import main

if __name__ == "__main__":
    main()
