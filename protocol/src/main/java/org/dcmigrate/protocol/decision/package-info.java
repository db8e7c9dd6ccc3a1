/**
 * The commit decision: whether the destination runs the guest from now on, or the source takes it
 * back. One decree for each attempt, decided by ballots among the source, the destination and a
 * witness; without a witness, by the source's journal alone. An {@link
 * org.dcmigrate.protocol.decision.Acceptor} votes, a {@link
 * org.dcmigrate.protocol.decision.Proposer} asks for votes and counts them, an {@link
 * org.dcmigrate.protocol.decision.Electorate} says who votes and who may ask. All of it is values:
 * whoever holds an acceptor writes it to disk before the answer leaves.
 */
@NullMarked
package org.dcmigrate.protocol.decision;

import org.jspecify.annotations.NullMarked;
