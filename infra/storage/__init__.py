"""Files: one S3 bucket, and how what is in it is sealed."""
