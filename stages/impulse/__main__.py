"""``python -m impulse`` is the command ``impulse``."""

from impulse.cli import main

main()
