"""What both backends' tests share: a real PostgreSQL and the services as real processes."""
