/**
 * The votes of this peer on commit decisions, as source, destination or witness, and the questions
 * that it asks of the acceptors of others.
 */
@NullMarked
package org.dcmigrate.peer.decision;

import org.jspecify.annotations.NullMarked;
