"""Complaints: people make them with /complain, those on duty answer them with /complaints."""
