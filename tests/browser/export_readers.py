"""The exports of the shipped sample, read by the tools that they are for.

    python tests/browser/export_readers.py target/debug/stillhunt [sarif-schema-2.1.0.json]

Needs networkx, igraph and gexfpy (classes made of the schema of GEXF 1.2draft), stix2, stix2-validator, and jsonschema for the schema of SARIF where it is given.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings
import xml.etree.ElementTree as ElementTree

import gexfpy
import igraph
import jsonschema
import networkx
import stix2
import stix2validator

ROOT = pathlib.Path(__file__).resolve().parents[2]


def valid_stix(path):
    result = stix2validator.validate_file(str(path), stix2validator.ValidationOptions(version="2.1"))
    errors = [str(e) for found in result.object_results for e in found.errors]
    assert result.is_valid and not errors, errors
    # Ids of version 5 are meant: the same network has the same id. The validator recommends version 4.
    warnings = [str(w) for found in result.object_results for w in found.warnings]
    assert all("is not a valid UUIDv4 ID" in w for w in warnings), warnings
    return stix2.parse(path.read_text())


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        case = folder / "case"
        subprocess.run(
            [binary, "analyze", "testdata/sample/events.jsonl.zst", "--accounts", "testdata/sample/accounts.csv", "-o", case, "--exit-zero"],
            cwd=ROOT, check=True, capture_output=True,
        )
        report = json.loads((case / "report.json").read_text())

        def export(name):
            path = folder / f"export.{name}"
            subprocess.run([binary, "report", case, "--format", name, "-o", path], check=True)
            again = subprocess.run([binary, "report", case, "--format", name], check=True, capture_output=True).stdout
            assert path.read_bytes() == again, f"{name} is not the same twice"
            return path

        members = {a["account_id"]: a for a in report["accounts"] if a["network_id"]}
        graphs = [networkx.read_graphml(export("graphml")), networkx.read_gexf(export("gexf"))]
        for graph, name in zip(graphs, ["account_id", "label"]):
            assert {data[name] for _, data in graph.nodes(data=True)} == set(members)
            assert graph.number_of_edges() == len(report["links"]) and not graph.is_directed()
            for _, data in graph.nodes(data=True):
                assert data["network_id"] == members[data[name]]["network_id"]
                assert data["requests"] == members[data[name]]["requests"]
            for a, b, data in graph.edges(data=True):
                assert graph.nodes[a]["network_id"] == graph.nodes[b]["network_id"] and 0 <= data["p_value"] <= 1

        # A second reader of each, which shares no code with the first.
        again = igraph.Graph.Read_GraphML(str(folder / "export.graphml"))
        assert set(again.vs["account_id"]) == set(members) and not again.is_directed()
        shared = lambda edges: sorted((link["shared"], link["p_value"]) for link in edges)
        assert shared(again.es[i] for i in range(again.ecount())) == shared(report["links"])
        with warnings.catch_warnings():
            # What does not fit the type that the schema gives is no more than a warning there.
            warnings.simplefilter("error")
            gexf = gexfpy.parse(str(folder / "export.gexf"))
        [nodes], [edges] = gexf.graph.nodes, gexf.graph.edges
        assert {n.label for n in nodes.node} == set(members) and len(edges.edge) == len(report["links"])
        titles = {str(a.id): a.title for of in gexf.graph.attributes if of.class_value.value == "node" for a in of.attribute}
        for node in nodes.node:
            values = {titles[str(v.for_value)]: v.value for v in node.attvalues[0].attvalue}
            assert values["network_id"] == members[node.label]["network_id"]
            assert int(values["requests"]) == members[node.label]["requests"]

        bundle = valid_stix(export("stix"))
        kinds = [o["type"] for o in bundle.objects]
        suspected = [n for n in report["networks"] if n["verdict"] == "suspected_distillation"]
        assert kinds.count("campaign") == kinds.count("note") == len(suspected)
        assert kinds.count("user-account") == len({m for n in suspected for m in n["members"]})
        assert "threat-actor" not in kinds and "intrusion-set" not in kinds
        assert all(o.get("object_marking_refs") for o in bundle.objects if o["type"] not in ("marking-definition", "identity"))

        # Addresses in the listed links of suspected networks become observables and one indicator a network; of what only
        # looks like an address, nothing does.
        ids = {n["id"] for n in suspected}
        listed = {l["shared"].removeprefix("address ") for l in report["links"] if l["network_id"] in ids and l["shared"].startswith("address ")}
        observed = lambda bundle: {o["value"] for o in bundle.objects if o["type"] in ("ipv4-addr", "ipv6-addr")}
        assert listed and observed(bundle) == listed
        planted = json.loads(json.dumps(report))
        planted["links"] = []
        pair = {**suspected[0], "a": suspected[0]["members"][0], "b": suspected[0]["members"][1]}
        for address in ("192.0.2.17", "2001:db8::17", "' OR [x:y = '1"):
            planted["links"].append({
                "account_a": pair["a"], "account_b": pair["b"], "network_id": pair["id"], "family": "infrastructure",
                "shared": f"address {address}", "popularity": 2, "p_value": 1e-6, "q_value": 1e-3})
        (folder / "addresses").mkdir()
        (folder / "addresses" / "report.json").write_text(json.dumps(planted))
        path = folder / "addresses.stix"
        subprocess.run([binary, "report", folder / "addresses", "--format", "stix", "-o", path], check=True)
        shared = valid_stix(path)
        assert observed(shared) == {"192.0.2.17", "2001:db8::17"}
        [indicator] = [o for o in shared.objects if o["type"] == "indicator"]
        assert indicator["pattern"] == "[ipv4-addr:value = '192.0.2.17' OR ipv6-addr:value = '2001:db8::17']"

        suite = ElementTree.parse(export("junit")).getroot()
        assert suite.tag == "testsuites" and int(suite.get("failures")) == len(suspected)
        assert len(suite.findall(".//testcase")) == len(report["networks"])

        sarif = json.loads(export("sarif").read_text())
        if len(sys.argv) > 2:
            schema = json.loads(pathlib.Path(sys.argv[2]).read_text())
            jsonschema.validators.validator_for(schema)(schema).validate(sarif)
        run = sarif["runs"][0]
        rules = [r["id"] for r in run["tool"]["driver"]["rules"]]
        assert sarif["version"] == "2.1.0" and len(run["results"]) == len(report["networks"])
        for found in run["results"]:
            assert found["ruleId"] in rules and found["level"] in ("warning", "note") and found["message"]["text"]
            assert all(at["physicalLocation"]["region"]["startLine"] >= 1 for at in found["locations"])
    print("networkx, igraph, gexfpy, stix2, stix2-validator and an XML parser read the exports of the sample")


if __name__ == "__main__":
    main()
