"""Search: typed questions over documents, answered by PostgreSQL or by OpenSearch."""
