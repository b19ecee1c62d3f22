"""Heights of terrain that is a mesh, where they are known."""

from __future__ import annotations

import numpy as np
import pytest

from trainer_proc.simulators.mesh_heights import MeshHeights


def mesh_of(*parts):
    """Return the heights of several (vertices, faces) as one mesh."""
    counts = np.cumsum([0, *(len(vertices) for vertices, _ in parts)])
    faces = [np.array(faces) + first for (_, faces), first in zip(parts, counts, strict=False)]
    return MeshHeights(np.concatenate([vertices for vertices, _ in parts]), np.concatenate(faces)).heights


def slab(low, high, top):
    """Return the top of a box and one of its walls."""
    (x0, y0), (x1, y1) = low, high
    vertices = [(x0, y0, top), (x1, y0, top), (x1, y1, top), (x0, y1, top), (x0, y0, 0.0)]
    return np.array(vertices, float), [(0, 1, 2), (0, 2, 3), (0, 4, 1)]


def hills(x, y):
    return np.sin(x)[:, np.newaxis] + 0.3 * np.asarray(y)


def field(xs, ys):
    """Return a height field of `hills`, with two triangles a square."""
    places = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)
    vertices = np.column_stack((places, np.sin(places[:, 0]) + 0.3 * places[:, 1]))
    first = (np.arange(len(xs) - 1)[:, np.newaxis] * len(ys) + np.arange(len(ys) - 1)).ravel()
    return vertices, np.concatenate(
        [
            np.stack((first + a, first + b, first + c), axis=1)
            for a, b, c in ((0, len(ys), 1), (1, len(ys), len(ys) + 1))
        ]
    )


@pytest.mark.parametrize("spacing", [0.1, 0.37, 2.5])
def test_a_height_field_has_its_heights_on_and_between_its_points(spacing):
    xs, ys = np.arange(-5, 5.01, spacing), np.arange(-5, 5.01, spacing)
    heights = mesh_of(field(xs, ys))
    inside = xs[2:-2]
    assert heights(inside, inside) == pytest.approx(hills(inside, inside), abs=1e-5)
    between = np.arange(-1.03, 2.98, 0.1)
    assert heights(between, between) == pytest.approx(hills(between, between), abs=spacing**2 / 8 + 1e-5)


def test_the_highest_of_several_counts_and_walls_and_places_beside_them_have_no_height():
    heights = mesh_of(slab((0, 0), (4, 1), 0.5), slab((1, 0), (2, 1), 0.8), slab((1.2, 0.2), (1.3, 0.4), 0.6))
    found = heights(np.array([-0.1, 0.0, 0.9, 1.25, 3.9, 4.1]), np.array([-0.2, 0.3, 0.9]))
    assert found[:, 1:] == pytest.approx(
        np.array([[np.nan] * 2, [0.5] * 2, [0.5] * 2, [0.8] * 2, [0.5] * 2, [np.nan] * 2]), nan_ok=True
    )
    assert np.isnan(found[:, 0]).all()


def test_far_away_from_a_mesh_there_is_nothing():
    assert np.isnan(mesh_of(slab((0, 0), (1, 1), 0.5))(np.array([50.0, 51.0]), np.array([50.0, 51.0]))).all()
