"""For people in danger: cards, their buttons, the hotlines, and asking after them."""
