"""What people agreed to give for training, taken out of the database without what names them."""
