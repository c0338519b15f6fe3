"""`python -m herkomst.graphql` prints the schema; with `--reference`, the reference of it."""

import sys

from herkomst.graphql.reference import Reference
from herkomst.graphql.schema import make_schema, print_schema

if "--reference" in sys.argv[1:]:
    sys.stdout.write(Reference(make_schema().core).page())
else:
    sys.stdout.write(print_schema())
