"""Values of a fact that the same people choose speak for each other."""

import numpy as np
import scipy.sparse as sp

from backend.matching.engine.together import CROWD, DOUBT, OTHERS, Kernel, kernel_of

RANDOM = np.random.default_rng(0)
BASE = np.array([0.3, 0.25, 0.2, 0.15, 0.1], dtype=np.float32)


def _kernel(weight: np.ndarray, facts: np.ndarray) -> Kernel:
    return kernel_of(sp.csr_matrix(weight), sp.csr_matrix(facts), BASE)


def _dense(kernel: Kernel) -> np.ndarray:
    return kernel.pairs.toarray() - kernel.least[:, None]


def test_it_is_the_log_of_how_much_more_often_than_by_chance_two_values_meet() -> None:
    weight = (RANDOM.random((40, 12)) < 0.3) * RANDOM.random((40, 12)).astype(np.float32)
    facts = np.eye(5, dtype=np.float32)[RANDOM.integers(0, 5, 12)]
    facts[3, 4] = 0.5
    met = np.zeros((5, 5))
    for person in weight:
        total = person.sum()
        for i in range(12):
            for j in range(12):
                if i != j and person[i] and person[j]:
                    met += person[i] * person[j] * np.outer(facts[i], facts[j]) / total**CROWD
    wanted = np.log((met + DOUBT * BASE) / (met.sum(axis=1, keepdims=True) + DOUBT) / BASE)
    assert np.abs(wanted).max() > 0.001
    assert np.allclose(_dense(_kernel(weight, facts)), wanted, atol=1e-5)


def test_one_choice_each_says_nothing_of_other_values() -> None:
    weight = np.eye(10, dtype=np.float32)
    facts = np.eye(5, dtype=np.float32)[np.arange(10) % 5]
    assert np.abs(_dense(_kernel(weight, facts))).max() < 1e-6


def test_somebody_of_one_choice_is_led_to_what_others_chose_with_it() -> None:
    """Half of the people choose kinds 0 and 1, half 2 and 3; the newest chose kind 0 alone."""
    weight = np.zeros((201, 8), dtype=np.float32)
    weight[:100, :4] = RANDOM.random((100, 4)) < 0.7
    weight[100:200, 4:] = RANDOM.random((100, 4)) < 0.7
    weight[200, 0] = 1
    facts = np.eye(5, dtype=np.float32)[[0, 0, 1, 1, 2, 2, 3, 3]]
    kernel = _kernel(weight, facts)
    chosen = sp.csr_matrix(weight[200:] @ facts)
    lifts = kernel.lifts(chosen, np.ones(1, np.float32))[0]
    assert lifts[1] > 0 > lifts[2]
    assert np.allclose(lifts, _dense(kernel)[0] / (1 + OTHERS), atol=1e-6)


def test_coordinates_of_a_value_are_those_of_its_lifts() -> None:
    weight = (RANDOM.random((40, 12)) < 0.3).astype(np.float32)
    kernel = _kernel(weight, np.eye(5, dtype=np.float32)[RANDOM.integers(0, 5, 12)])
    mapped = RANDOM.standard_normal((5, 7)).astype(np.float32)
    assert np.allclose(kernel.through(mapped), _dense(kernel) @ mapped, atol=1e-4)
