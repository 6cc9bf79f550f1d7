<div class="element-container">
	<div class="row">
		<div class="col-md-12">
			<div class="row">
				<div class="form-group">
					<div class="col-md-3">
						<label class="control-label" for="agiapp_asks"><?php echo _('Screen calls by agi-app') ?></label>
						<i class="fa fa-question-circle fpbx-help-icon" data-for="agiapp_asks"></i>
					</div>
					<div class="col-md-9 radioset">
						<input type="radio" name="agiapp_asks" id="agiapp_asks_yes" value="yes" <?php echo $asks ? 'checked' : '' ?>>
						<label for="agiapp_asks_yes"><?php echo _('Yes') ?></label>
						<input type="radio" name="agiapp_asks" id="agiapp_asks_no" value="no" <?php echo $asks ? '' : 'checked' ?>>
						<label for="agiapp_asks_no"><?php echo _('No') ?></label>
					</div>
				</div>
			</div>
		</div>
	</div>
	<div class="row">
		<div class="col-md-12">
			<span id="agiapp_asks-help" class="help-block fpbx-help-block"><?php echo _('agi-app is asked about each call of this route before it rings. When it does not answer within 0.4 s, the call rings.') ?></span>
		</div>
	</div>
</div>
