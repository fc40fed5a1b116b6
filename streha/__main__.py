"""`python -m streha` is the `streha` command."""

from streha.cli import main

main()
