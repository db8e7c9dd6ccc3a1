/**
 * Benchmarks of real peers, each against what it competes with in the same run: the optimum after a
 * redirect, a plain socket copy, QEMU's own migration, itself with other sizes and numbers.
 *
 * <pre>
 *   Main ── GridCommand, LineCommand, VmCommand, GrowthCommand, ManyCommand     one benchmark each
 *             │ measure(Workspace, Progress) gives Findings: a table and a JSON document
 *             ├─ Fleet, Peer, Operator      daemons in processes of their own, driven as an operator does
 *             ├─ ShapedNetwork, Loopback    where they run
 *             └─ Optimum, Statistics        pure
 * </pre>
 *
 * Everything that a run makes belongs to its {@link org.dcmigrate.bench.Workspace} and goes with
 * it, also on Ctrl-C. Nothing here asserts a time.
 */
@NullMarked
package org.dcmigrate.bench;

import org.jspecify.annotations.NullMarked;
