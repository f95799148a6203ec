"""Sessions as rows that know whose they are, so that closing an account can delete them."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from backend.accounts.models import PersonSession


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[PersonSession]:
        return PersonSession

    def create_model_instance(self, data: dict[str, Any]) -> PersonSession:
        row = super().create_model_instance(data)
        assert isinstance(row, PersonSession)
        person = data.get("_auth_user_id")
        row.person_key = int(person) if person else None
        return row
