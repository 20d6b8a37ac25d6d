"""What people see: one SQL file per panel, and the pages that show them."""
