"""`python -m egide.cli` is `egide`."""

from egide.cli.main import main

main()
