"""OpenSearch: a bounded client, indices made once, bulk bodies as bytes."""
