/**
 * What a peer does with a guest that comes to it: the destination's and the old destination's part,
 * driven by {@link org.dcmigrate.protocol.machine.HolderMachine}. Start reading at {@link
 * org.dcmigrate.peer.holder.Holder}.
 */
@NullMarked
package org.dcmigrate.peer.holder;

import org.jspecify.annotations.NullMarked;
