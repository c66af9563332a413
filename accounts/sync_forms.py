"""What a person says on the page of a sync."""

from django import forms

from accounts.models import Answer


class AnswerForm(forms.Form):
    """Whether accounts that Notion no longer shows may be removed."""

    answer = forms.ChoiceField(
        choices=[(answer.value, answer.value) for answer in Answer],
        error_messages={
            "required": "Say whether the accounts are to be removed or kept.",
            "invalid_choice": "Say whether the accounts are to be removed or kept.",
        },
    )
