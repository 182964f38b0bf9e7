"""`python -m infra.wiring.catalogue` writes the topology picture to docs/."""

import sys

from infra.wiring.catalogue.topology import main

sys.exit(main())
