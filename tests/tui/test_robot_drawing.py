import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.robots import packed, scene_of, sphere, state_at
from trainer_proc.contract.robot import Ground, Shape
from trainer_proc.contract.terrain import terrain_of
from tui.charts.braille import BLANK
from tui.charts.robot.camera import Camera, Projection
from tui.charts.robot.contacts import contact_points
from tui.charts.robot.drawing import NOT_DRAWABLE, RobotPainter
from tui.charts.robot.focus import Focus, focus_of
from tui.charts.robot.framing import framing_of
from tui.charts.robot.ground import foot_points, grid_points
from tui.charts.robot.poses import place, poses_of, rotations_of, solids_of
from tui.charts.robot.raster import rasterise
from tui.charts.robot.solids import HITS, half_extents
from tui.charts.robot.styles import ROBOT_STYLES, parts_of
from tui.charts.robot.view import paint_view
from tui.charts.video.stage import ground_lines
from tui.session.robot.history import RobotHistory
from tui.session.robot.readout import Moment

HERE = Focus((0.0, 0.0), 0.0)
SIDE = Camera(math.radians(-90), 0.0)
angles = st.floats(-math.pi, math.pi)
lengths = st.floats(0.0625, 0.5)


def painted(scene, state, camera=SIDE, width=40, height=20, **how):
    focus = focus_of([state], scene, turns=True)
    return RobotPainter(scene).paint(state, camera, focus, width=width, height=height, **how)


def styles_in(grid):
    return {ROBOT_STYLES[number] for number in grid.styles[grid.codes > BLANK]}


def cells_of(grid, start):
    """Lines and columns of the cells whose style begins with `start`."""
    numbers = [number for number, name in enumerate(ROBOT_STYLES) if name.startswith(start)]
    return np.nonzero(np.isin(grid.styles, numbers) & (grid.codes > BLANK))


@given(angles, st.floats(0, math.pi / 2), angles)
def test_the_camera_looks_at_the_robot_from_where_it_stands(azimuth, elevation, heading):
    projection = Projection(Camera(azimuth, elevation), heading, (1.0, 2.0, 0.5), 100.0, 81, 61)
    turned = azimuth + heading
    towards = np.array(
        [math.cos(elevation) * math.cos(turned), math.cos(elevation) * math.sin(turned), math.sin(elevation)]
    )
    viewer, above = np.array([1, 2, 0.5]) + 3 * towards, np.array([1, 2, 0.6])
    assert projection.dots(viewer) == pytest.approx((40, 30), abs=0.01)
    assert projection.seen(viewer)[2] == pytest.approx(-3, abs=1e-4)
    across, down = projection.dots(above)
    assert across == pytest.approx(40, abs=0.01)
    assert down == pytest.approx(30 - 10 * math.cos(elevation), abs=0.01)


def test_a_known_point_lands_on_its_cell():
    """A tip on the edge of a large ball, seen from -y: +x is right, +z is up."""
    scene = scene_of(sphere(0, 0.5), sphere(1, 0.01), bodies=("base", "left_tip"))
    grids = [painted(scene, state_at((0, 0, 0.5), (x, -1, z))) for x, z in ((0.5, 0.5), (0, 1), (0, 0))]
    ball_lines, ball_columns = cells_of(grids[1], "body")
    tips = [[set(places.tolist()) for places in cells_of(grid, "left")] for grid in grids]
    assert max(ball_columns) in tips[0][1]
    assert max(tips[0][1]) - max(ball_columns) <= 1
    assert max(tips[0][0]) - min(tips[0][0]) <= 1
    assert min(ball_lines) - min(tips[1][0]) <= 1
    assert tips[1][1] <= {19, 20}
    assert max(tips[2][0]) >= max(ball_lines)


@settings(max_examples=50)
@given(
    kind=st.sampled_from(sorted(HITS)),
    sizes=st.tuples(lengths, lengths, lengths),
    turned=st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: math.hypot(*q) > 0.3),
)
def test_a_ray_meets_a_solid_where_it_enters_it(kind, sizes, turned):
    """Compared with the definition of the solid, sampled along rays."""
    sizes = (sizes[0], 0.0, 0.0) if kind == "sphere" else sizes
    size = np.array(sizes, dtype=np.float32)
    rotation = rotations_of(np.array(turned, dtype=np.float32) / np.float32(math.hypot(*turned)))
    extent = half_extents((kind,), size[np.newaxis], rotation[np.newaxis])[0] * np.float32(1.001)
    x = np.linspace(-extent[0], extent[0], 7, dtype=np.float32)[np.newaxis]
    y = np.linspace(-extent[1], extent[1], 7, dtype=np.float32)[:, np.newaxis]
    with np.errstate(invalid="ignore"):
        depth, light = HITS[kind](x, y, size, rotation)
    z = np.linspace(-extent[2], extent[2], 201)
    rays = np.stack(np.broadcast_arrays(x[..., np.newaxis], y[..., np.newaxis], z), axis=-1)
    inside = is_inside(kind, size, rays @ rotation)
    first = np.where(inside.any(-1), z[inside.argmax(-1)], np.nan)
    step = float(2 * extent[2] / 200)
    grazed = inside.sum(-1) < 6  # there a small error is a long way
    assert not (np.isnan(depth) & ~np.isnan(first) & ~grazed).any()
    entered = ~grazed & ~np.isnan(first)
    assert (np.abs(depth - first)[entered] <= 2 * step + 1e-3).all()
    assert (np.abs(light[entered]) <= 1.01).all()


def is_inside(kind, size, points):
    x, y, z = np.moveaxis(points, -1, 0)
    match kind:
        case "box":
            return (np.abs(points) <= size).all(-1)
        case "ellipsoid":
            return ((points / size) ** 2).sum(-1) <= 1
        case "cylinder":
            return (x * x + y * y <= size[0] ** 2) & (np.abs(z) <= size[1])
        case _:
            beyond = z - np.clip(z, -size[1], size[1])
            return x * x + y * y + beyond * beyond <= size[0] ** 2


def test_the_nearer_solid_hides_the_farther_one():
    scene = scene_of(sphere(0, 0.2), sphere(1, 0.2), bodies=("base", "other"))
    solids = solids_of(scene)
    projection = Projection(SIDE, 0.0, (0.0, 0.0, 0.0), 100.0, 41, 41)
    for y, nearer in ((-0.5, 1), (0.5, 0)):
        placed = place(solids, poses_of(state_at((0, 0, 0), (0, y, 0)), 2))
        raster = rasterise(solids, placed, projection)
        assert raster.shape[20, 20] == nearer
        assert raster.depth[20, 20] == pytest.approx(min(y, 0) - 0.2, abs=0.01)


@pytest.mark.parametrize("size", [(1, 1), (0, 0), (1, 30), (300, 1)])
def test_any_size_is_drawn(size):
    scene = scene_of(sphere(), feet=(0,), command=("forward (m/s)", "lateral (m/s)"))
    state = state_at((0, 0, 0.2), contacts=packed(5), command=packed(1, 0), velocity=packed(1, 0, 0))
    grid = painted(scene, state, width=size[0], height=size[1], banner="fell_over")
    assert (grid.width, grid.height) == size


@pytest.mark.parametrize(
    "poses",
    [
        *(b"", b"12345", packed(0, 0, 0, 1, 0, 0), packed(0, math.nan, 0, 1, 0, 0, 0)),
        *(packed(1e38, 0, 0, 1, 0, 0, 0), packed(0, 0, 0, 1e30, 0, 0, 0)),
    ],
)
def test_a_state_that_can_not_be_drawn_is_reported(poses):
    state = state_at(poses=poses)
    assert focus_of([state], scene_of(sphere()), turns=True) == HERE
    painter = RobotPainter(scene_of(sphere()))
    grid = paint_view(painter, Moment(painter.scene, state, [state]), Camera(), HERE, width=60, height=9)
    assert "".join(map(chr, grid.codes[3:6].flatten())).split() == NOT_DRAWABLE.split()


@pytest.mark.parametrize("away", [1.0, 9e3])
def test_the_ground_has_few_lines_however_far_apart_bodies_are(away):
    scene, state = scene_of(sphere(0), sphere(1), bodies=("base", "tip")), state_at((0, 0, 0), (away, 0, 0))
    solids = solids_of(scene)
    framing = framing_of(solids, place(solids, poses_of(state, 2)), has_arrows=False)
    projection = framing.projection(Camera(), HERE, 80, 80)
    assert len(grid_points(projection, framing.half_height * 1.5, 0.0)) < 4000
    assert len(ground_lines(projection)) < 100


def test_a_scene_without_solids_shows_the_ground():
    assert styles_in(painted(scene_of(), state_at((0, 0, 0)), Camera())) == {"ground"}


def test_shapes_that_are_not_finite_or_of_no_body_are_left_out():
    broken = Shape(0, "box", (math.inf, 1, 1), (0, 0, 0), (1, 0, 0, 0))
    assert len(solids_of(scene_of(sphere(), sphere(body=3), sphere(body=-1), broken)).kinds) == 1


def test_what_touches_the_ground_is_marked():
    scene = scene_of(sphere(0), sphere(1), bodies=("base", "left_foot"), feet=(1,))
    flying = painted(scene, state_at((0, 0, 1), (0, 0, 0.1), contacts=packed(0)))
    standing = painted(scene, state_at((0, 0, 1), (0, 0, 0.1), contacts=packed(80)))
    assert "contact" not in styles_in(flying)
    assert len(cells_of(flying, "left")[0])
    assert "contact" in styles_in(standing)
    assert not len(cells_of(standing, "left")[0])


def test_arrows_show_a_commanded_and_a_real_velocity_but_not_an_arms_target():
    state = state_at((0, 0, 1), command=packed(1, 0), velocity=packed(-1, 0, 0))
    walking = painted(scene_of(sphere(0, 0.3), command=("forward (m/s)", "lateral (m/s)")), state)
    _, command = cells_of(walking, "command")
    _, velocity = cells_of(walking, "velocity")
    assert command.mean() > 22 > 18 > velocity.mean()
    assert not {"command", "velocity"} & styles_in(painted(scene_of(sphere(0, 0.3), command=("x (m)", "y (m)")), state))


@pytest.mark.parametrize("ahead", [-0.2, 0.0, 0.2])
def test_a_ring_shows_a_target(ahead):
    scene = scene_of(sphere(0, 0.3))
    rows, columns = cells_of(painted(scene, state_at((0, 0, 1), target=packed(ahead, 0, 1))), "command")
    _, middle = cells_of(painted(scene, state_at((0, 0, 1), target=packed(0, 0, 1))), "command")
    assert len(rows) > 2
    assert np.sign(round(columns.mean() - middle.mean())) == np.sign(ahead)
    assert "command" not in styles_in(painted(scene, state_at((0, 0, 1))))
    assert "command" not in styles_in(painted(scene, state_at((0, 0, 1), target=packed(float("nan"), 0, 1))))


def test_a_fall_colours_the_robot_and_is_named():
    grid = painted(scene_of(sphere(0, 0.3)), state_at((0, 0, 0.3)), banner="fell_over")
    assert styles_in(grid) <= {"fall", "ground"}
    assert "✘ fell_over" in "".join(map(chr, grid.codes[0]))


def test_without_colours_both_sides_differ_by_their_dots():
    scene = scene_of(sphere(0, 0.01), sphere(1, 0.3), sphere(2, 0.3), bodies=("base", "left_leg", "right_leg"), feet=())
    grid = painted(scene, state_at((0, 0, 0.3), (-0.5, 0, 0.3), (0.5, 0, 0.3)), patterns=True)
    dots = [
        [(int(grid.codes[at]) - BLANK).bit_count() for at in zip(*cells_of(grid, side), strict=True)]
        for side in ("left", "right")
    ]
    assert max(dots[1]) == 8
    assert np.median(dots[0]) == 4


def test_sides_are_known_by_name_or_inherited():
    names = ("pelvis", "left_hip", "knee", "R_foot", "FL_calf", "rear")
    scene = scene_of(bodies=names)
    scene = type(scene)("task", names, (-1, 0, 1, 0, 0, 0), (), 0.02, 1)
    assert parts_of(scene) == ("body", "left", "left", "right", "left", "body")


def test_the_camera_follows_a_robot_up_a_hill_but_not_a_step_or_a_fall():
    scene = scene_of(sphere(0, 0.3), sphere(1, 0.05), bodies=("base", "left_foot"))
    painter = RobotPainter(scene)

    def line_of_the_base(height, lowest):
        state = state_at((0, 0, height + 1), (0, 0, lowest))
        focus = focus_of([state], scene, turns=True)
        return cells_of(painter.paint(state, SIDE, focus, width=40, height=24), "body")[0].mean()

    on_flat = line_of_the_base(0, 0)
    assert abs(line_of_the_base(5, 5) - on_flat) < 3  # 0.15 m behind
    assert abs(line_of_the_base(-5, -5) - on_flat) < 3
    assert line_of_the_base(0, 0.14) == on_flat
    assert line_of_the_base(-0.7, 0) > on_flat + 5


def test_a_foot_touches_with_its_sole_and_a_shin_with_its_lower_end():
    sole = [
        Shape(0, "capsule", (0.01, 0.1, 0.0), (x, 0.0, -0.05), (0.7071068, 0.7071068, 0.0, 0.0)) for x in (0.1, 0.3)
    ]
    ankle, shin = sphere(0, 0.05, (0.0, 0.0, 0.1)), Shape(1, "capsule", (0.02, 0.2, 0.0), (0, 0, -0.2), (1, 0, 0, 0))
    solids = solids_of(scene_of(ankle, *sole, shin, bodies=("foot", "calf", "hand")))
    placed = place(solids, poses_of(state_at((1, 0, 0.06), (2, 0, 0.42), (3, 0, 1)), 3))
    touching = contact_points(solids, placed, (0, 1, 2))
    assert touching == pytest.approx(np.array([(1.2, 0, 0), (2, 0, 0), (3, 0, 1)]), abs=1e-5)


def stair(height):
    """Ground that is 0 for x < 0 and `height` beyond."""
    heights = np.zeros((41, 41), "<f4")
    heights[20:] = height
    return Ground((-2.0, -2.0), 0.1, 41, heights.tobytes())


def ground_lines_of(grid):
    """Columns of the ground, with the highest line of each."""
    lines, columns = cells_of(grid, "ground")
    return {int(column): int(lines[columns == column].min()) for column in columns}


def test_the_lines_on_the_ground_follow_a_stair():
    scene = scene_of(sphere(0, 0.5))
    flat, on_stair = (
        ground_lines_of(painted(scene, state_at((0, 0, 0.5), ground=ground))) for ground in (None, stair(0.4))
    )
    low, high = min(flat), max(flat)
    assert on_stair[low] == flat[low]
    assert flat[high] - on_stair[high] > 3
    sole = np.array([[0.5, 0.0, 0.41]], np.float32)
    projection = Projection(SIDE, 0.0, (0.0, 0.0, 0.5), 100.0, 200, 200)
    of_film = ground_lines(projection, terrain_of(state_at((0, 0, 0), ground=stair(0.4))))
    assert {round(float(row)) for row in of_film[..., 1].ravel()} >= {round(99.5 + 50), round(99.5 + 10)}
    assert len(of_film) > 10 * len(ground_lines(projection))
    discs = [
        foot_points(projection, sole, 0.0, 0.1, terrain_of(state_at((0, 0, 0), ground=ground)))
        for ground in (None, stair(0.4))
    ]
    assert [float(disc[:, 1].mean()) for disc in discs] == pytest.approx([99.5 + 9, 99.5 + 10])


@pytest.mark.parametrize(
    "ground",
    [
        Ground((0.0, 0.0), 0.1, 3, packed(*range(8))),
        Ground((0.0, 0.0), 0.1, 10**9, b""),
        Ground((0.0, 0.0), 0.1, -3, packed(*range(9))),
        Ground((math.nan, 0.0), 0.1, 2, packed(*range(4))),
        Ground((0.0, 0.0), 0.0, 2, packed(*range(4))),
    ],
)
def test_a_damaged_ground_is_flat(ground):
    assert terrain_of(state_at((0, 0, 0), ground=ground)) is None


def test_where_there_is_no_ground_no_line_is_drawn():
    scene, hole = scene_of(sphere(0, 0.5)), np.full((41, 41), math.nan, "<f4")
    assert not ground_lines_of(painted(scene, state_at((0, 0, 0.5), ground=Ground((-2, -2), 0.1, 41, hole.tobytes()))))
    hole[:20] = math.inf
    assert not ground_lines_of(painted(scene, state_at((0, 0, 0.5), ground=Ground((-2, -2), 0.1, 41, hole.tobytes()))))


def test_a_state_has_the_ground_of_the_one_before_unless_it_is_of_another_environment():
    history = RobotHistory(0.02)
    known = stair(0.1)
    history.add([state_at((0, 0, 0), step=1, ground=known), state_at((0, 0, 0), step=2)])
    history.add([state_at((0, 0, 0), step=2), state_at((0, 0, 0), step=3, environment=4)])
    assert [history[at].ground for at in range(len(history))] == [known, known, None]
