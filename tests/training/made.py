"""Rows in the forms of GSM8K and of SVAMP's training split, written for these tests."""

from __future__ import annotations

GSM8K = [
    {
        "question": "A baker makes 30 rolls in the morning and half as many at noon. How many rolls does he make?",
        "answer": "At noon he makes 30/2 = <<30/2=15>>15 rolls.\n"
        "He makes 30+15 = <<30+15=45>>45 rolls in all.\n#### 45",
    },
    {
        "question": "Kim has $80. She buys 4 hats for $9 each. How much money is left?",
        "answer": "The hats cost 4*9 = $<<4*9=36>>36.\nShe has 80-36 = $<<80-36=44>>44 left.\n#### 44",
    },
    {
        "question": "A club of 250 people grows by 20%. How many people are in it then?",
        "answer": "It grows by 250*20% = <<250*20*.01=50>>50 people.\n"
        "Then it has 250+50 = <<250+50=300>>300 people.\n#### 300",
    },
]

PREFIX = [
    {
        "row": "0",
        "question_template": "Ira has number0 pens and number1 cups . She loses number2 pens . How many are left ?",
        "numbers": "40.0 7.0 15.0",
        "equation_prefix": "- number0 number2",
        "answer": "25.0",
    },
    {
        "row": "1",
        "question_template": "Each of number0 boxes has number1 red and number2 blue pens . How many pens are there ?",
        "numbers": "3.0 4.0 5.0",
        "equation_prefix": "* number0 + number1 number2",
        "answer": "27.0",
    },
    {
        "row": "2",
        "question_template": "A rope of number0 feet is cut into number1 pieces . How long is each ?",
        "numbers": "60.0 12.0",
        "equation_prefix": "/ number0 number1",
        "answer": "5.0",
    },
]
