"""Labels of samples: what is missing is empty, never a group called nan."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

from lotwise.errors import InputError
from lotwise.expression.labels import batches_of, groups_of, labels_of


def labelled(**columns):
    names = pd.Index(["s1", "s2", "s3"], dtype=object)
    return anndata.AnnData(np.zeros((3, 2)), obs=pd.DataFrame(columns, index=names))


@pytest.mark.parametrize(
    "column",
    [["D1", None, float("nan")], pd.Categorical(["D1", None, None]), pd.array(["D1", pd.NA, ""])],
    ids=["object", "categorical", "string"],
)
def test_labels_of__a_missing_label_is_empty(column):
    assert labels_of(labelled(donor=column), "donor") == ["D1", "", ""]


def test_labels_of__numbers_are_text():
    assert labels_of(labelled(batch=[1, 2, 2]), "batch") == ["1", "2", "2"]


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_groups_of__names_the_sample_without_a_label(missing):
    with pytest.raises(InputError, match="sample s2 has no condition in obs; give the condition"):
        groups_of(labelled(condition=["A", missing, "B"]), "condition")


def test_batches_of__says_what_is_missing():
    assert batches_of(labelled(batch=["A", "A", "B"])) == ["A", "A", "B"]
    with pytest.raises(InputError, match="no obs column 'batch'; give the batch of each sample"):
        batches_of(labelled())
