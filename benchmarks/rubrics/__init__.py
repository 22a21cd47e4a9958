"""What people in danger get to see, held against rubrics: by rules, and by a judge where given."""
