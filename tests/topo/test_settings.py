from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from adapters.topo.limits import capabilities
from adapters.topo.settings import TopoSettings


def test_an_empty_table_is_the_documented_defaults() -> None:
    settings = TopoSettings()
    assert settings.base_url == "https://api.topo.io/v1"
    assert settings.api_key == "env:TOPO_API_KEY"
    assert settings.update_by_entry == "ours"
    assert settings.resolve_timeout == timedelta(days=7)
    assert (settings.allow_sequence_enrolment, settings.exclusions) == (False, True)
    assert (settings.requests_per_second, settings.variables_per_cycle) == (4.0, 200)
    assert settings.variables == {}


@pytest.mark.parametrize(
    "table",
    [
        {"api_key": "topo_live_secret"},
        {"base_url": "http://api.topo.io/v1"},
        {"update_by_entry": "always"},
        {"requests_per_second": 0.0},
        {"page_size": 101},
        {"variables_per_cycle": -1},
        {"colour": "red"},
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_without_being_repeated(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        TopoSettings.model_validate(table)
    assert "topo_live_secret" not in str(refused.value)


def test_without_a_list_nobody_is_created_or_updated() -> None:
    able = capabilities(TopoSettings())
    assert not able.creates
    assert able.updates == "none"
