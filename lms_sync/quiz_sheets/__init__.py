"""Quizzes in a workbook with drop-downs, for trainers who begin in a spreadsheet: written, and read back."""
