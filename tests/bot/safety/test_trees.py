from bot.safety.trees import read_trees

STUMP = {"asks": [1, -1, -1], "at_most": [0.5, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1]}


def test_a_tree_asks_about_one_number_and_adds_what_its_leaf_says():
    trees = read_trees({"start": 1.0, "trees": [{**STUMP, "adds": [0, 2.0, 3.0]}]})
    assert trees.score([9.0, 0.5]) == 3.0
    assert trees.score([9.0, 0.6]) == 4.0


def test_trees_add_up():
    one = {**STUMP, "adds": [0, 2.0, 3.0]}
    assert read_trees({"start": 0.0, "trees": [one, one]}).score([0.0, 0.0]) == 4.0


def test_without_trees_the_start_is_the_score():
    assert read_trees({"start": -2.5, "trees": []}).score([]) == -2.5
