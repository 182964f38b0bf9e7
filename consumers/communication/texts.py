"""The mails that ship in code, as published templates would be.

Line ends that matter are written as {{ "\\n" }}, so that they come out the same whatever the renderer does with blank lines.
"""

from typing import Final

ACKNOWLEDGEMENT: Final = {
    "subject": "{% if lead.first_name %}{{ lead.first_name }}, we{% else %}We{% endif %} have your message",
    "text": """\
Hello{% if lead.first_name or lead.name %} {{ lead.first_name or lead.name }}{% endif %},

thank you for writing to {{ company_name }}. Your message has reached us, and one of us will answer you in person.

Is there something to add, or a time that suits you best? Just reply to this mail.

Kind regards
{{ company_name }}

--
You get this one mail because your address was entered in a form of {{ company_name }}. It signs you up for nothing.
If that was not you, or you want to hear no more from us, reply with "unsubscribe".
""",
    "html": """\
<!doctype html>
<html lang="en">
<body style="font-family: system-ui, sans-serif; line-height: 1.5; color: #1f2933; max-width: 36rem">
<p>Hello{% if lead.first_name or lead.name %} {{ lead.first_name or lead.name }}{% endif %},</p>
<p>thank you for writing to {{ company_name }}. Your message has reached us, and one of us will answer you in person.</p>
<p>Is there something to add, or a time that suits you best? Just reply to this mail.</p>
<p>Kind regards<br>{{ company_name }}</p>
<p style="font-size: 0.8rem; color: #616e7c; border-top: 1px solid #e4e7eb; padding-top: 0.75rem">
You get this one mail because your address was entered in a form of {{ company_name }}. It signs you up for nothing.
If that was not you, or you want to hear no more from us, reply with &ldquo;unsubscribe&rdquo;.</p>
</body>
</html>
""",
}

ASSIGNMENT: Final = {
    "subject": "New lead for you: {{ lead.name or lead.email or 'no name given' }}"
    "{% if lead.company %}, {{ lead.company }}{% endif %}",
    "text": """\
Hello{% if owner.name %} {{ owner.name }}{% endif %},

{{ lead.name or lead.email or "somebody who gave no name" }}{% if lead.company %} of {{ lead.company }}{% endif %} is yours now.
{%- if lead.email or lead.phone or (grade is defined and grade) %}{{ "\\n" }}{% endif -%}
{%- if grade is defined and grade %}{{ "\\nGrade   " }}{{ grade }} ({{ score }} points){% endif -%}
{%- if lead.email %}{{ "\\nE-mail  " }}{{ lead.email }}{% endif -%}
{%- if lead.phone %}{{ "\\nPhone   " }}{{ lead.phone }}{% endif -%}
{%- if lead.answers %}{{ "\\n" }}{% endif -%}
{%- for question, answer in (lead.answers or {}).items() %}{{ "\\n" }}{{ question }}: {{ answer }}{% endfor -%}
{%- if lead.url %}{{ "\\n\\nEverything we know, and why it came to you: " }}{{ lead.url }}{% endif -%}
{{ "\\n\\n" }}--
You get this mail because you own leads at {{ company_name }}. To pause, have yourself set inactive in your team.
""",
    "html": """\
<!doctype html>
<html lang="en">
<body style="font-family: system-ui, sans-serif; line-height: 1.5; color: #1f2933; max-width: 36rem">
<p>Hello{% if owner.name %} {{ owner.name }}{% endif %},</p>
<p><strong>{{ lead.name or lead.email or "somebody who gave no name" }}</strong>
{%- if lead.company %} of {{ lead.company }}{% endif %} is yours now.</p>
<table style="border-collapse: collapse">
{%- if grade is defined and grade %}
<tr><td style="padding-right: 1rem">Grade</td><td>{{ grade }} ({{ score }} points)</td></tr>{% endif %}
{%- if lead.email %}
<tr><td style="padding-right: 1rem">E-mail</td><td>{{ lead.email }}</td></tr>{% endif %}
{%- if lead.phone %}
<tr><td style="padding-right: 1rem">Phone</td><td>{{ lead.phone }}</td></tr>{% endif %}
{%- for question, answer in (lead.answers or {}).items() %}
<tr><td style="padding-right: 1rem">{{ question }}</td><td>{{ answer }}</td></tr>{% endfor %}
</table>
{%- if lead.url %}
<p><a href="{{ lead.url }}">Everything we know, and why it came to you</a></p>{% endif %}
<p style="font-size: 0.8rem; color: #616e7c; border-top: 1px solid #e4e7eb; padding-top: 0.75rem">
You get this mail because you own leads at {{ company_name }}. To pause, have yourself set inactive in your team.</p>
</body>
</html>
""",
}

CONFIRMATION: Final = {
    "subject": "Please confirm your address",
    "text": """\
Hello{% if lead.first_name or lead.name %} {{ lead.first_name or lead.name }}{% endif %},

your address was entered in a form of {{ company_name }}, with a tick beside these words:

{{ wording }}

If that was you, please confirm it on this page; the link is good for {{ days }} days:

{{ confirm_url }}

If it was somebody else, you need not do anything: without your confirmation it does not count.

Kind regards
{{ company_name }}
""",
    "html": """\
<!doctype html>
<html lang="en">
<body style="font-family: system-ui, sans-serif; line-height: 1.5; color: #1f2933; max-width: 36rem">
<p>Hello{% if lead.first_name or lead.name %} {{ lead.first_name or lead.name }}{% endif %},</p>
<p>your address was entered in a form of {{ company_name }}, with a tick beside these words:</p>
<blockquote style="margin: 0; padding-left: 1rem; border-left: 3px solid #e4e7eb">{{ wording }}</blockquote>
<p>If that was you, please <a href="{{ confirm_url }}">confirm it on this page</a>. The link is good for {{ days }} days.</p>
<p>If it was somebody else, you need not do anything: without your confirmation it does not count.</p>
<p>Kind regards<br>{{ company_name }}</p>
</body>
</html>
""",
}
