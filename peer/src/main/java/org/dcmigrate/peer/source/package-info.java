/**
 * What a peer does with a guest that leaves it: the source's part, driven by {@link
 * org.dcmigrate.protocol.machine.SourceMachine}. Start reading at {@link
 * org.dcmigrate.peer.source.SourceMigration}; pages flow in {@link org.dcmigrate.peer.source.Pump}.
 */
@NullMarked
package org.dcmigrate.peer.source;

import org.jspecify.annotations.NullMarked;
