"""`python -m herkomst.graphql` prints the schema."""

import sys

from herkomst.graphql.schema import print_schema

sys.stdout.write(print_schema())
