<div class="container-fluid">
	<h1>agi-app</h1>
	<?php foreach ($faults as $fault) { ?>
		<div class="alert alert-danger" role="alert"><?php echo htmlspecialchars($fault) ?></div>
	<?php } ?>
	<?php if (!$has_token) { ?>
		<div class="alert alert-warning" role="alert"><?php echo _('Without a token no call is screened.') ?></div>
	<?php } ?>
	<p><?php echo sprintf(_('Inbound routes that are screened: %d. Each route has its own switch, on its page under Connectivity, Inbound Routes.'), $routes) ?></p>
	<form class="fpbx-submit" name="agiapp" action="config.php?display=agiapp" method="post" autocomplete="off">
		<div class="form-group">
			<label class="control-label" for="agiapp_token"><?php echo _('Token') ?></label>
			<input type="password" class="form-control" id="agiapp_token" name="agiapp_token" value="" autocomplete="new-password"
				placeholder="<?php echo $has_token ? _('there is one; empty: keep it') : '' ?>">
			<span class="help-block"><?php echo _('What the setting [agi] token of agi-app is.') ?></span>
		</div>
		<div class="form-group">
			<label class="control-label" for="agiapp_address"><?php echo _('Address') ?></label>
			<input type="text" class="form-control" id="agiapp_address" name="agiapp_address" value="<?php echo htmlspecialchars($address) ?>">
			<span class="help-block"><?php echo _('HOST:PORT of the settings [agi] host and port of agi-app.') ?></span>
		</div>
	</form>
</div>
